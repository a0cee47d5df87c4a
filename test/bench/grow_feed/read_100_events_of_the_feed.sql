\set after random(:size - 9000, :size - 200)
SELECT * FROM azr_feed(:after, 100);
