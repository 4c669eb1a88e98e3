"""The sheet that asks what is to be measured, with what it would take."""
