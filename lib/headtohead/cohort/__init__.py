"""Who was treated, with what, and what happened to them."""
