; Offline Studio for Windows: a script for Inno Setup 6. UNTRIED: it was written and read on Linux,
; where neither the folder nor the compiler can be had. Release CI makes the folder on Windows with
;     python packaging\build.py --python PYTHON_BUILD_STANDALONE --kinds
; and compiles this with
;     iscc /DVersion=0.1.0 /DFolder=…\folder /DId=0.1.0-3f2a… packaging\installers\windows.iss
; Versions lie beside each other as on Linux (studio_installation\places.py); what starts is named
; in the shortcut, which is written last.

#ifndef Version
  #error Say /DVersion=…
#endif

[Setup]
AppId={{6C2D1A52-5D5B-4B0B-9A52-7C1D3F7E9B11}
AppName=Offline Studio
AppVersion={#Version}
DefaultDirName={localappdata}\Programs\Offline Studio
PrivilegesRequired=lowest
PrivilegesRequiredOverridesAllowed=dialog
DisableProgramGroupPage=yes
ArchitecturesAllowed=x64compatible
ArchitecturesInstallIn64BitMode=x64compatible
OutputBaseFilename=offline-studio-{#Version}-windows-x86_64
Compression=lzma2/max
SolidCompression=yes
SetupIconFile={#Folder}\share\offline-studio.ico
UninstallDisplayIcon={app}\versions\{#Id}\share\offline-studio.ico
LicenseFile={#Folder}\licences\offline-studio-Apache-2.0.txt
ChangesEnvironment=yes
ChangesAssociations=yes
CloseApplications=no
VersionInfoVersion={#Version}

[Languages]
Name: "en"; MessagesFile: "compiler:Default.isl"
Name: "de"; MessagesFile: "compiler:Languages\German.isl"

[CustomMessages]
en.Stays=Your library, with all results, conversations and models that you added, stays in %1.
de.Stays=Ihre Bibliothek mit allen Ergebnissen, Gesprächen und Modellen, die Sie hinzugefügt haben, bleibt in %1.
en.Older=A newer version of Offline Studio is installed. This one might not open its library.
de.Older=Eine neuere Version von Offline Studio ist installiert. Diese könnte ihre Bibliothek nicht öffnen.

[Files]
Source: "{#Folder}\*"; DestDir: "{app}\versions\{#Id}"; Flags: recursesubdirs createallsubdirs ignoreversion

[Icons]
Name: "{autoprograms}\Offline Studio"; Filename: "{app}\versions\{#Id}\python\pythonw.exe"; Parameters: "-P -m studio"; WorkingDir: "{userdocs}"; IconFilename: "{app}\versions\{#Id}\share\offline-studio.ico"

[Registry]
Root: HKA; Subkey: "Software\Classes\.studioplugin"; ValueType: string; ValueData: "OfflineStudio.Plugin"; Flags: uninsdeletevalue
Root: HKA; Subkey: "Software\Classes\OfflineStudio.Plugin\shell\open\command"; ValueType: string; ValueData: """{app}\versions\{#Id}\python\python.exe"" -P -m studio plugins import ""%1"""; Flags: uninsdeletekey
Root: HKA; Subkey: "Software\Offline Studio"; ValueType: string; ValueName: "Version"; ValueData: "{#Version}"; Flags: uninsdeletekey

[Run]
Filename: "{app}\versions\{#Id}\python\pythonw.exe"; Parameters: "-P -m studio"; Description: "{cm:LaunchProgram,Offline Studio}"; Flags: postinstall nowait skipifsilent

[UninstallDelete]
Type: filesandordirs; Name: "{app}\versions"

[Code]
function InitializeSetup(): Boolean;
var
  Here: String;
begin
  Result := True;
  if RegQueryStringValue(HKA, 'Software\Offline Studio', 'Version', Here) then
    if CompareStr(Here, '{#Version}') > 0 then
      Result := SuppressibleMsgBox(CustomMessage('Older'), mbConfirmation, MB_OKCANCEL, IDCANCEL) = IDOK;
end;

procedure CurUninstallStepChanged(CurUninstallStep: TUninstallStep);
begin
  if CurUninstallStep = usUninstall then
    SuppressibleMsgBox(
      FmtMessage(CustomMessage('Stays'), [ExpandConstant('{localappdata}\offline-studio')]),
      mbInformation, MB_OK, IDOK);
end;
