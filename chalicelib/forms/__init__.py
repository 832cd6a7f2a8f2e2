"""智能导办填表: which form is yours, what is known filled in, the rest asked, checked, handed over as a paper."""
