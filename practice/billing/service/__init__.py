"""Taking money, giving it back, and writing it down."""
