"""The other ways to the same stored figures: one SQL statement, pandas, and the floor under all of them."""
