"""What filling in ends with (申请表): the confirmed answers as a sheet, printed as Word or PDF with a code to scan."""
