"""Report → what a person or a program reads. Text is made safe here, at the edge, in one place a format."""
