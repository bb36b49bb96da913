#!/bin/sh
# Offline Studio for macOS: an app bundle in a disk image. UNTRIED: it was written and read on Linux.
# Release CI makes the folder on macOS with python-build-standalone:
#     python packaging/build.py --python PYTHON_BUILD_STANDALONE --kinds
#     sh packaging/installers/macos.sh FOLDER VERSION OUT [IDENTITY]
# A bundle is one folder that the user drags: it is copied and replaced as a whole by the Finder,
# so it needs no versions beside each other. Without an IDENTITY it is signed for this machine alone.
set -eu
test $# -ge 3 || { echo "usage: macos.sh FOLDER VERSION OUT [IDENTITY]" >&2; exit 2; }
folder=$1 version=$2 out=$3 identity=${4:--}
image=$out/image
app="$image/Offline Studio.app"
rm -rf "$image"
mkdir -p "$app/Contents/MacOS" "$app/Contents/Resources"
cp -R "$folder" "$app/Contents/Resources/studio"

icons=$out/offline-studio.iconset
mkdir -p "$icons"
for side in 16 32 128 256 512; do
    sips -z $side $side "$folder/share/icons/hicolor/256x256/apps/offline-studio.png" \
        --out "$icons/icon_${side}x${side}.png" >/dev/null
done
iconutil -c icns "$icons" -o "$app/Contents/Resources/offline-studio.icns"
rm -rf "$icons"

cat > "$app/Contents/Info.plist" <<PLIST
<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
    <key>CFBundleIdentifier</key><string>org.offline-studio.app</string>
    <key>CFBundleName</key><string>Offline Studio</string>
    <key>CFBundleExecutable</key><string>offline-studio</string>
    <key>CFBundleIconFile</key><string>offline-studio</string>
    <key>CFBundlePackageType</key><string>APPL</string>
    <key>CFBundleShortVersionString</key><string>$version</string>
    <key>CFBundleVersion</key><string>$version</string>
    <key>LSMinimumSystemVersion</key><string>12.0</string>
    <key>NSHighResolutionCapable</key><true/>
    <key>NSMicrophoneUsageDescription</key>
    <string>Offline Studio writes down what you say. The sound stays on this machine.</string>
    <key>CFBundleDocumentTypes</key>
    <array><dict>
        <key>CFBundleTypeName</key><string>Plugin of Offline Studio</string>
        <key>CFBundleTypeExtensions</key><array><string>studioplugin</string></array>
        <key>CFBundleTypeRole</key><string>Viewer</string>
    </dict></array>
</dict>
</plist>
PLIST

cat > "$app/Contents/MacOS/offline-studio" <<'START'
#!/bin/sh
here=$(cd "$(dirname "$0")/../Resources/studio" && pwd -P)
unset PYTHONHOME PYTHONPATH
export PYTHONNOUSERSITE=1
exec "$here/python/bin/python3" -P -m studio "$@"
START
chmod 755 "$app/Contents/MacOS/offline-studio"

# Libraries first, then what holds them, as notarisation wants it.
find "$app" -type f \( -name "*.so" -o -name "*.dylib" -o -perm -100 \) -print0 |
    xargs -0 codesign --force --options runtime --timestamp=none --sign "$identity"
codesign --force --options runtime --sign "$identity" "$app"

target=$out/offline-studio-$version-macos-$(uname -m).dmg
ln -s /Applications "$image/Applications"
hdiutil create -volname "Offline Studio" -srcfolder "$image" -ov -format ULFO "$target"
rm -rf "$image"
echo "$target"
