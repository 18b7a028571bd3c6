@echo off
rem Starts FaithDiff on Windows: finds a JDK of 25 or newer, builds with Maven when nothing is built yet, runs. bin/faithdiff does the same elsewhere.
rem FAITHDIFF_JAVA_OPTS holds further JVM flags, for example -Xmx24g. After a change of the sources delete target\launcher.
setlocal EnableExtensions DisableDelayedExpansion
for %%I in ("%~dp0..") do set "ROOT=%%~fI"
set "BUILT=%ROOT%\target\launcher"
if exist "%ROOT%\lib\app\" set "BUILT=%ROOT%\lib"

set "JDK="
call :try "%ROOT%\runtime"
call :try "%JAVA_HOME%"
for /d %%D in ("%ProgramFiles%\Eclipse Adoptium\*" "%ProgramFiles%\Java\*" "%ProgramFiles%\Microsoft\jdk*" "%ProgramFiles%\Zulu\*") do call :try "%%~D"
if not defined JDK (
  echo faithdiff: JDK 25 or newer not found: install one ^(https://adoptium.net^) or point JAVA_HOME at it>&2
  exit /b 1
)

if not exist "%BUILT%\app\faithdiff-*.jar" (
  where /q mvn || (
    echo faithdiff: Maven ^(mvn^) is needed to build and is not on the PATH: https://maven.apache.org/install.html>&2
    exit /b 1
  )
  echo faithdiff: building>&2
  call :build || (
    echo faithdiff: the build failed>&2
    exit /b 1
  )
)

set "MAIN=dev.faithdiff.cli.Main"
set "CLASSES=%BUILT%\app\*"
set "FLAGS="
for %%C in (pull models convert inspect verify synth diff) do if "%~1"=="%%C" set "MAIN=dev.faithdiff.convert.Main"
for %%C in (serve lab) do if "%~1"=="%%C" set "MAIN=dev.faithdiff.server.Main"
if "%~1"=="bench" set "MAIN=dev.faithdiff.jmh.Main"
if "%MAIN%"=="dev.faithdiff.server.Main" set "CLASSES=%BUILT%\server\*;%BUILT%\app\*"
if "%MAIN%"=="dev.faithdiff.jmh.Main" set "CLASSES=%BUILT%\bench\*;%BUILT%\app\*"
if "%MAIN%"=="dev.faithdiff.jmh.Main" set "FLAGS=--sun-misc-unsafe-memory-access=allow"
set ARGUMENTS=%*
if "%~1"=="bench" call :rest %*

rem The JVM says on stderr that a module is incubating, and has no switch for that.
"%JDK%\bin\java.exe" -XX:+UseSerialGC -Xmx4g --add-modules jdk.incubator.vector --enable-native-access=ALL-UNNAMED --add-opens java.base/java.io=ALL-UNNAMED ^
  -Djava.awt.headless=true "-Dfaithdiff.home=%ROOT%" %FLAGS% %FAITHDIFF_JAVA_OPTS% -cp "%CLASSES%" %MAIN% %ARGUMENTS%
exit /b %ERRORLEVEL%

rem Takes a JDK whose release file says 25 or newer.
:try
if defined JDK exit /b 0
if "%~1"=="" exit /b 0
if not exist "%~1\bin\java.exe" exit /b 0
if not exist "%~1\release" exit /b 0
set FOUND=
for /f "usebackq tokens=1,2 delims==." %%A in ("%~1\release") do if "%%A"=="JAVA_VERSION" set FOUND=%%B
if not defined FOUND exit /b 0
set FOUND=%FOUND:"=%
if %FOUND% GEQ 25 set "JDK=%~1"
exit /b 0

:build
pushd "%ROOT%"
set "JAVA_HOME=%JDK%"
call mvn -q -B -ntp -DskipTests "-Dbuilt=target/launcher" package
set "RESULT=%ERRORLEVEL%"
popd
exit /b %RESULT%

rem The arguments after the first.
:rest
set "ARGUMENTS="
:next
shift
if "%~1"=="" exit /b 0
set ARGUMENTS=%ARGUMENTS% %1
goto next
