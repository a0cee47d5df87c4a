SELECT azr_domains();
