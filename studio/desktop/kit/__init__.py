"""Building blocks of pages, implementing ``studio.api.kit``."""
