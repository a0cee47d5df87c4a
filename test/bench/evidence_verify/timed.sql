SELECT * FROM azr_verify();
