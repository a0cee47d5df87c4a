\set after random(-1, 198000)
SELECT * FROM azr_feed(:after, 1000);
