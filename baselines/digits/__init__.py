"""The embedded digits: the data set and the classifier that serves as their feature extractor."""
