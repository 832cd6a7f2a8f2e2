"""智能导办填表: which form is yours, filled in as far as it is known, the rest asked, checked, handed over as a paper."""
