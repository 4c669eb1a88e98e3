"""Small widgets that every pane is made of. None of them knows a service."""
