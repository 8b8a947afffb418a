"""What the product does, in verbs on nouns. Services know protocols and domain rules, no framework and no driver."""
