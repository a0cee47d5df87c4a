SELECT action, partition FROM azr_maintain();
