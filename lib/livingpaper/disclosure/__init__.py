"""What may leave the house: rules on numbers before they are shown, and a search of everything that was built."""
