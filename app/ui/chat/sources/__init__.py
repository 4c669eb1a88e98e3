"""Where an answer comes from: citations, and the document beside the chat."""
