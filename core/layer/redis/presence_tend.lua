-- KEYS and ARGV: of the partition. Returns in how many ms something has to be tended.
return tend()
