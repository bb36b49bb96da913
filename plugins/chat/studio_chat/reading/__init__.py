"""Text recognition (OCR): a picture of a page becomes lines with places. Knows no documents."""
