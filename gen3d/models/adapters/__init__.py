"""Networks of others behind our roles, one file a brand; what they take and give is their own business."""
