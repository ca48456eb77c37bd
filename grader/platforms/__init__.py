"""What is known of each platform that courses use: reading its exports, writing its files."""
