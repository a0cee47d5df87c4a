\set after random(-1, 198000)
SELECT * FROM log WHERE position > :after AND position <= :after + 1000 ORDER BY position;
