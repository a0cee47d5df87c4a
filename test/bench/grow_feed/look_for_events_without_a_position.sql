SELECT azr_feed_advance();
