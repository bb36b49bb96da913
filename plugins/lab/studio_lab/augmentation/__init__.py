"""Whether made examples help, harm, or give real ones away, whatever the data are."""
