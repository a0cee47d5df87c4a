\set after random(-1, :size - 1000)
SELECT * FROM azr_feed(:after, 100);
