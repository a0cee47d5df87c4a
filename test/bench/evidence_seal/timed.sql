SELECT azr_seal(300000);
