"""How a file was made, said in the file: labels and signed records that leave, and that are read.

    Exporter(library, paths, settings).to_folder(id, folder, Disclosure.LABEL) -> Exported
    verify([path], paths, library) -> iterator of Verified

PNG, JPEG, WebP and WAV carry a C2PA record and an XMP label; any other file has a signed JSON file
beside it (``NAME.provenance.json``). Nothing is sent or looked up, now or when files are read.
"""
