SELECT * FROM azr_fetch('idle', 100);
