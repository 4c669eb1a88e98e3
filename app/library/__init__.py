"""Documents: reading, chunking, embedding, index, retrieval, citations."""
