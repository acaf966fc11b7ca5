"""What is read: each file has its table's projection and its queries side by side."""
