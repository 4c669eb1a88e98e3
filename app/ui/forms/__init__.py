"""Forms that several panes share: the values of a prompt, and which model shall answer."""
