"""The networks themselves, and what they need of pictures and folders; the adapters one floor up give them roles."""
