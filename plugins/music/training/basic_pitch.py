"""Write the network of Basic Pitch as the file that is shipped.

python basic_pitch.py nmp.onnx OUT.safetensors

``nmp.onnx`` lies in the wheel of basic-pitch 0.4.0 (Apache-2.0); reading it needs the package
``onnx``, which the studio does not. Prints what the sidecar needs.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import numpy as np
import torch

from studio_music.audio.transcription import weights

SOURCE_SHA256 = "2c3c1d144bfa61ad236e92e169c13535c880469a12a047d4e73451f2c059a0ec"
_CONSTANTS = {  # names that the converter of the file gave
    "lowpass": "const_fold_opt__734",
    "contour_in.weight": "const_fold_opt__727",
    "contour_out.weight": "const_fold_opt__710",
    "note_in.weight": "const_fold_opt__738",
    "note_out.weight": "const_fold_opt__702",
    "onset_in.weight": "const_fold_opt__707",
    "onset_out.weight": "const_fold_opt__680",
}
_KERNELS = ("const_fold_opt__655", "const_fold_opt__664")
_ENDINGS = {  # of the names of layers, which are long
    "levels": "cq_t2010v2_1/Sqrt",
    "contour_in.bias": "model_1/conv2d_1/Conv2D",
    "contour_out.bias": "model_1/contours-reduced/BiasAdd/ReadVariableOp",
    "note_in.bias": "model_1/conv2d_2/BiasAdd/ReadVariableOp",
    "note_out.bias": "model_1/conv2d_3/BiasAdd/ReadVariableOp",
    "onset_in.bias": "model_1/conv2d_4/Conv2D",
    "onset_out.bias": "model_1/conv2d_5/BiasAdd/ReadVariableOp",
}


def main() -> None:
    """Write the file."""
    import onnx
    from onnx import numpy_helper

    source, out = Path(sys.argv[1]), Path(sys.argv[2])
    data = source.read_bytes()
    if hashlib.sha256(data).hexdigest() != SOURCE_SHA256:
        raise SystemExit(f"{source.name} is not the file of basic-pitch 0.4.0.")
    graph = onnx.load_from_string(data).graph
    initializers = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    state = {name: initializers[constant] for name, constant in _CONSTANTS.items()}
    for name, ending in _ENDINGS.items():
        (state[name],) = (array for key, array in initializers.items() if key.endswith(ending))
    state["lowpass"], state["levels"] = state["lowpass"].ravel(), state["levels"].ravel()
    state["kernels"] = np.stack([initializers[name].reshape(36, 256) for name in _KERNELS])
    fused = "batch_normalization/FusedBatchNormV3"
    state["scale"] = np.concatenate(
        [
            next(v for k, v in initializers.items() if k.endswith(fused)),
            next(v for k, v in initializers.items() if k.endswith(f"{fused}1")),
        ]
    )
    weights.save(out, {name: torch.tensor(array) for name, array in state.items()})
    count = sum(array.size for array in state.values())
    digest = hashlib.sha256(out.read_bytes()).hexdigest()
    print(f'parameters = {count:_}\nbytes = {out.stat().st_size:_}\nsha256 = "{digest}"')


if __name__ == "__main__":
    main()
