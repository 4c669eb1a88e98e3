"""Text on screen: Markdown to blocks, blocks to text documents, code colours."""
