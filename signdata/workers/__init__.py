"""Worker processes and their memory."""
