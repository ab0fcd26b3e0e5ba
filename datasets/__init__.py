"""Recipes, one per corpus: raw download → prepared shards. Run from a checkout, never installed."""
