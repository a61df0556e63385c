"""The month as a workbook: handed out filled in, read back cell by cell, shown before anything is written."""
