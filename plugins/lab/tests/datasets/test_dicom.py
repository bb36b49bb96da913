"""DICOM files become pictures as their device means them; what is none is passed over."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest

from studio_lab.datasets import dicom
from studio_lab.datasets.pictures import read_pictures

pydicom = pytest.importorskip("pydicom", reason="an optional package of the lab")


def written(values: np.ndarray, photometric: str = "MONOCHROME2", **more: object) -> bytes:
    from pydicom.dataset import FileDataset, FileMetaDataset
    from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage, generate_uid

    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = SecondaryCaptureImageStorage
    meta.MediaStorageSOPInstanceUID = generate_uid()
    file = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    file.PatientName = "Somebody"
    file.Rows, file.Columns = values.shape[-2:]
    file.SamplesPerPixel, file.PhotometricInterpretation = 1, photometric
    file.BitsAllocated = file.BitsStored = 16
    file.HighBit, file.PixelRepresentation = 15, 0
    for name, value in more.items():
        setattr(file, name, value)
    file.PixelData = values.astype(np.uint16).tobytes()
    out = io.BytesIO()
    file.save_as(out, enforce_file_format=True)
    return out.getvalue()


def test_levels_and_inverted_ones() -> None:
    values = np.array([[0, 1000], [2000, 4000]])
    assert np.asarray(dicom.opened(written(values))).tolist() == [[0, 64], [128, 255]]
    inverted = np.asarray(dicom.opened(written(values, "MONOCHROME1")))
    assert inverted.tolist() == [[255, 191], [128, 0]]


def test_the_window_of_the_device_is_kept() -> None:
    values = np.array([[0, 1000], [1500, 4000]])
    shown = np.asarray(dicom.opened(written(values, WindowCenter=1000, WindowWidth=1000)))
    assert shown[0, 0] == 0
    assert shown[1, 0] == shown[1, 1] == 255


def test_of_several_frames_the_middle_one_is_taken() -> None:
    frames = np.zeros((3, 2, 2))
    frames[1, 0, 0] = 7
    assert np.asarray(dicom.opened(written(frames, NumberOfFrames=3)))[0, 0] == 255


@pytest.mark.parametrize("data", [b"", b"no such file", written(np.ones((2, 2)))[:-3]])
def test_what_is_no_picture_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"no picture|pixel"):
        dicom.opened(data)


def test_a_folder_of_them_is_a_data_set(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for number in range(20):
        (tmp_path / f"{number}.dcm").write_bytes(written(rng.integers(0, 4000, (20, 24))))
    (tmp_path / "broken.dcm").write_bytes(b"DICM")
    data, notes = read_pictures(tmp_path, 16, 0)
    assert data.rows.shape == (20, 1, 16, 16)
    assert any("Not readable as pictures, and left out: 1 of 21" in note for note in notes)
    assert "Somebody" not in repr(data)
