"""Real: a number as the tables have it, 2 or 2.0; a type checker at run time tells the two apart."""

Real = int | float
