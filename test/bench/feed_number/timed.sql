SELECT azr_feed_advance(300000);
