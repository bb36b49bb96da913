"""A language model of SMILES: vocabulary, network, sampling."""
