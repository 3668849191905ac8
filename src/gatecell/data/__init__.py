"""From what users have to rows that a network takes: sequences, scaling, splitting."""
