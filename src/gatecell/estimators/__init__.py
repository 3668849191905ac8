"""The scikit-learn surface: estimators over networks of LSTM layers."""
