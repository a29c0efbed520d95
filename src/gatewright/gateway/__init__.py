"""What Envoy serves: desired state → IR → Envoy's resources → snapshot, which ADS hands out."""
