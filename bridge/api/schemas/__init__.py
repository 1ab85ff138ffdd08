"""What the API takes and answers. Answers are documented and tested by these schemas, never dumped through them."""
