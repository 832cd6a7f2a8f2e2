"""Partners (合作单位): back offices and banks that report cases, loans and enterprises by signed calls."""
