"""Judge whether synthetic examples help, harm, or leak real ones, for any kind of data."""
