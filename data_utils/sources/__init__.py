"""One module per source of recordings; each turns it into dataset files."""
