SELECT count(azr_feed_advance()) FROM generate_series(1, 1000);
